// Public header: the whole library except JSON, for slides and first programs. Larger programs
// include only the headers they use, which compiles faster.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/escape.h>
#include <tornado/gen.h>
#include <tornado/http1connection.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/httputil.h>
#include <tornado/ioloop.h>
#include <tornado/iostream.h>
#include <tornado/locks.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <tornado/options.h>
#include <tornado/queues.h>
#include <tornado/routing.h>
#include <tornado/static_file_handler.h>
#include <tornado/tcpclient.h>
#include <tornado/tcpserver.h>
#include <tornado/tornado4.h>
#include <tornado/version.h>
#include <tornado/web.h>
