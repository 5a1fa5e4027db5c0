"""The face net: points, pose, attributes, occlusion and blur of an aligned face."""
