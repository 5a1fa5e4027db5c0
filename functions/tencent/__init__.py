"""The livedetectpicture contract: one photo in, one liveness score out."""
