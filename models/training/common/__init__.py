"""What the models share: data packs, augmentation, the training loop, figures, export and cards."""
