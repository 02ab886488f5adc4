/* A library to open; NUMBER says which. */
int number(void) { return NUMBER; }
