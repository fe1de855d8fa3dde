"""What models are asked for: from noise to images."""
