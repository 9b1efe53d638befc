#include "base/error.h"

#include <stdio.h>

int main(void)
{
	puts("storehealthd " SHD_VERSION);
	return 0;
}
