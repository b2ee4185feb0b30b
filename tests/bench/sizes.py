"""The populations: a database of its own for each, and how many recipients and events it holds."""

SMALL, LARGE = "preferences_bench_small", "preferences_bench_large"
SIZES = {SMALL: (100, 500), LARGE: (100_000, 500_000)}
# The one that audiences are taken from; it grows from the first of these numbers of recipients to the last.
CROWD = "preferences_bench_crowd"
CROWD_SIZES = (100_000, 1_000_000)
