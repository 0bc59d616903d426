"""How long footage is kept, what holds it longer, and how two people dispose of it when its term has ended."""
