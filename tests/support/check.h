/* tests/support/check.h - cmocka and what its headers need, in the order they need it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
