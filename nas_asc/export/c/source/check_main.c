#include <stdio.h>

#include "check.h"

int main(void)
{
    const int n_different = check_golden();
    puts(n_different ? "FAILED" : "passed");
    return n_different != 0;
}
