"""Where heads of the hash chains are kept: outside finance, so that its owner cannot write them anew."""
