"""One session as objects and joins: who ran, what was asked, how it ended. It states facts and judges nothing."""
