"""What `syncd init` proposes: two databases' schemas and a sample of their rows in, a mapping and a layout out."""
