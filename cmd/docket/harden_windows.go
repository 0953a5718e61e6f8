package main

// noCore: Windows writes no dump of a program that does not ask for it.
func noCore() {}
