"""Gateway events for `sam local invoke` and the tests: what API Gateway hands to the authorizers and the functions."""
