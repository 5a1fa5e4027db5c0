"""What the contract functions share: bodies, base64, photo addresses, codes, logs. It knows no vendor and no face."""
