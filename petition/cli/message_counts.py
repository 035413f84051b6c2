"""What `petition count --messages` prints."""

from __future__ import annotations

import csv
import json
import sys

import click

from petition.domain.messages.steps import By, Step
from petition.store.campaigns import campaigns
from petition.store.db import reading
from petition.store.messages import counts


def print_counts(slug: str, dimension: str | None, shape: str) -> None:
    """Messages of a campaign by step, as last folded; raises NotFound."""
    if dimension is not None and dimension not in tuple(By):
        raise click.UsageError(f"--by takes one of {', '.join(By)} with --messages")
    with reading() as session:
        campaign = campaigns.by_slug(session, slug)
        totals = counts.totals(session, campaign.id)
        rows = counts.by(session, campaign.id, By(dimension)) if dimension else {}
    if shape == "json":
        document: dict[str, object] = {"campaign": slug, "messages": totals}
        if dimension:
            document["by"] = dimension
            document["counts"] = [{"value": value, **steps} for value, steps in rows.items()]
        click.echo(json.dumps(document))
    elif shape == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow([dimension or "campaign", *Step])
        for value, steps in (rows if dimension else {slug: totals}).items():
            writer.writerow([value, *steps.values()])
    else:
        for value, steps in (*rows.items(), (slug, totals)):
            click.echo(
                f"{value}: {', '.join(f'{number} {step}' for step, number in steps.items())}"
            )
