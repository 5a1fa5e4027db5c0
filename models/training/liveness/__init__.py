"""The liveness net: a face before the camera, or one on a screen or on paper."""
