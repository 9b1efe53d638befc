#include "base/error.h"

#include <stdio.h>

int main(void)
{
	puts("storehealthctl " SHD_VERSION);
	return 0;
}
