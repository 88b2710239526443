"""Painters of what stands beside the road: poles, signs, signals, fences, walls and boxes."""
