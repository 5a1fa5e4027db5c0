"""Galleries of hard photos for the models' cards, made by code alone from the public-domain portrait in tests/data.

No photo that the models learned from is in them. The committed models are asked through facecore, as a contract asks
them; every picture says what was expected and what came.
"""
