"""Whether a bundle is what was written, and these the logs that it was made of. A stranger's file is opened here."""
