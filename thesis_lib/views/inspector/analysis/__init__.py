"""What is computed of a picture: features, eigenvectors, clusters of every k."""
