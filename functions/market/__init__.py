"""The cloud-market AppCode contract: one photo in, liveness and face attributes out."""
