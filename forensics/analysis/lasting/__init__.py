"""What lasted in a session, told once: spans, marks and the lanes of pictures. All that draws it draws from here."""
