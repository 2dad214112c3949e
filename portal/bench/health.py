"""Whether health pages cost the same over very many texts as over few, over real HTTP (G13)."""

from collections.abc import Iterator

from portal.bench.measure import Figure, Options
from portal.bench.reports import compare_years
from portal.compliance.rules.health import Window


def run(options: Options) -> Iterator[Figure]:
    """Measure the 95th percentile of each window over a year of 1,000,000 texts and of 10,000."""
    return compare_years(options, {each.words: f"health?window={each}" for each in Window})
