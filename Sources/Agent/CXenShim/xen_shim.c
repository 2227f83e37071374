#include "CXenShim.h"
