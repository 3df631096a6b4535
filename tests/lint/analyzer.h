/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells clang's analyzer what the types cannot: error_set() and its kin return a negative number. Included by `make lint`. */
#pragma once

#include "base/error.h"

static inline int analyzer_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}

#define error_set(...) analyzer_negative(error_set(__VA_ARGS__))
#define error_set_errno(...) analyzer_negative(error_set_errno(__VA_ARGS__))
#define error_set_exit(...) analyzer_negative(error_set_exit(__VA_ARGS__))
#define error_prefix(...) analyzer_negative(error_prefix(__VA_ARGS__))
#define error_append(...) analyzer_negative(error_append(__VA_ARGS__))
