"""The demonstration: the whole main job on real footage, then the attacks on copies of its data."""
