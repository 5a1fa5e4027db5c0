"""Trains, measures and publishes the models; no part of it reaches the functions."""
