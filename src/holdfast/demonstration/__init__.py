"""The verb ``demo``: two sequences that only a network with memory can continue, and a control without memory."""
