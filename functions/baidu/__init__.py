"""The faceverify v3 contract with its OAuth token route: 1, 3 or 8 photos in, one group score out."""
