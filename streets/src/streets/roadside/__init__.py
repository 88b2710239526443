"""Poles, signs, signals, fences, walls and boxes beside the road."""
