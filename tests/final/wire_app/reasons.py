"""Python 3.13 renamed these reason phrases. Every version compares with the older names, which the framework sends."""

import http.client

http.client.responses.update({413: "Request Entity Too Large", 416: "Requested Range Not Satisfiable"})
