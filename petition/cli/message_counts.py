"""What `petition count --messages` prints."""

from __future__ import annotations

import json

import click

from petition.domain.messages.steps import By
from petition.services.counts import message_numbers
from petition.services.counts.message_numbers import Steps
from petition.store.db import reading


def print_counts(slug: str, dimension: str | None, shape: str) -> None:
    """Messages of a campaign by step, as last folded; raises NotFound."""
    if dimension is not None and dimension not in tuple(By):
        raise click.UsageError(f"--by takes one of {', '.join(By)} with --messages")
    with reading() as session:
        by = By(dimension) if dimension else None
        found = message_numbers.numbers(session, slug, by, exact=True)
    if shape == "json":
        document: dict[str, object] = {"campaign": slug, "messages": found.total}
        if found.by:
            document["by"] = found.by
            document["counts"] = [{"value": value, **steps} for value, steps in found.rows.items()]
        click.echo(json.dumps(document))
    elif shape == "csv":
        click.echo(found.as_csv(), nl=False)
    else:
        for value, steps in (*found.rows.items(), (slug, found.total)):
            click.echo(f"{value}: {_words(steps)}")


def _words(steps: Steps) -> str:
    return ", ".join(f"{number} {step}" for step, number in steps.items())
