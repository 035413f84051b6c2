"""Entry ids: they grow with time, and no process draws one twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from petition.domain.signatures.entry_ids import new_entry_id


def test_entry_ids_grow_with_time_and_differ() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    ids = [new_entry_id(at + timedelta(milliseconds=n)) for n in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert all(0 < id_ < 2**63 for id_ in ids)
    assert new_entry_id(datetime(2038, 1, 1, tzinfo=UTC)) < 2**63


@pytest.mark.slow
def test_a_process_never_makes_an_entry_id_twice() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert len({new_entry_id(at) for _ in range(200_000)}) == 200_000
