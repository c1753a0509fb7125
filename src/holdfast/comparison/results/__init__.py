"""Results of a study: points, their summary with intervals, verdicts on claims, curves, the page, and data export."""
