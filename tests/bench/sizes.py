"""The two populations: a database of its own for each, and how many recipients and events it holds."""

SMALL, LARGE = "preferences_bench_small", "preferences_bench_large"
SIZES = {SMALL: (100, 500), LARGE: (100_000, 500_000)}
