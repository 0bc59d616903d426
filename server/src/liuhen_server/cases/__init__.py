"""Cases: their numbers, stages, clocks and documents, the clips that belong to them, and what is missing."""
