#include "podp.pb-c.h"
