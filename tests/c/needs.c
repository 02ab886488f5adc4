/* A library that needs another one. */
int number_of_other(void);
int number(void) { return 10 * number_of_other(); }
