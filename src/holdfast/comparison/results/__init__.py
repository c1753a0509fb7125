"""What came out: points, their summary with intervals, verdicts on claims, curves, the page, and tables for export."""
