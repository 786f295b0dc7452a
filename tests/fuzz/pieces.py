"""What messages are made of: plain pieces, and those that make two readers disagree."""

from __future__ import annotations

CRLF = b"\r\n"

# --- requests, piece by piece

METHODS = [
    b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE",
]  # fmt: skip
ODD_METHODS = [
    b"", b"get", b"CONNECT", b"PRI", b"M-SEARCH", b"G ET", b"GET\t", b"\tGET", b" GET", b"GE\x00T",
    b"G\xc3\x89T", b"GET/", b"(GET)", b"PROPFIND", b"QUERY",
]  # fmt: skip
TARGETS = [
    b"/", b"/orders/7", b"/a?b=c&d", b"/a/../b", b"/%61%2e", b"http://shop.example/a?b",
    b"HTTP://shop.example:8080", b"https://[::1]/", b"*", b"//a", b"/a;b=c", b"/?", b"/?a?b/c{|}",
]  # fmt: skip
ODD_TARGETS = [
    b"", b"a", b"shop.example:443", b"/a b", b"/\x00", b"/\t", b"/\x7f", b"/\xff", b"/\xc3\xbc",
    b"/#", b"/a#b?c", b"/%", b"/%zz", b"/%2f", b"/\\", b"http://", b"http:///a", b"http://a@b/",
    b"ftp://a/", b"http://a b/", b"http://a\x00/", b"?", b"/?\x01", b"/?#", b"http://h?q",
    b"http://h#f", b"**", b"http:/a", b"://a", b"/ /", b"/a\x0bb", b'/"<>^`{|}',
]  # fmt: skip
VERSIONS = [
    b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0",
]  # fmt: skip
ODD_VERSIONS = [
    b"", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9.9", b"http/1.1", b"HTTP/1", b"HTTP/1.",
    b"HTTP/11", b"HTTP/1.1 ", b" HTTP/1.1", b"HTTP/1.1\t", b"HTTP/01.1", b"HTTP/1.10", b"HTTP /1.1",
    b"HTTPS/1.1", b"ICE/1.0", b"RTSP/1.0", b"HTTP/1,1", b"HTTP/1.1\x00",
]  # fmt: skip
FIELDS = [
    b"Accept: */*", b"accept-encoding:gzip", b"User-Agent:  probe\t", b"X-Empty:", b"X-Blank: ",
    b"Cookie: a=b; c=d", b"Cookie: e=f", b"X-Watched: 1", b"X-Watched: 2", b"X-User: root",
    b"X-Tab: a\tb", b"X-High: \xc3\xbc\xff", b"Connection: keep-alive", b"Connection: close",
    b"connection: Keep-Alive, X-Hop", b"X-Hop: 1", b"Keep-Alive: timeout=5",
    b"TE: trailers, deflate", b"Connection: TE", b"Upgrade: websocket", b"Connection: Upgrade",
    b"Expect: 100-continue", b"X-Forwarded-For: 1.2.3.4", b"Forwarded: for=1.2.3.4",
    b"Via: 1.1 before", b"Max-Forwards: 3", b"Trailer: X-Sum", b"X-Request-Id: 8f14e45f",
    b"tracestate: a=b", b"X_Under: 1", b"!#$%&'*+-.^_`|~: 1", b"X-Sidecar-Decision: forged",
    b"Authorization: Basic eA==", b"Proxy-Authorization: Basic eA==", b"Content-Type: text/plain",
    b"Connection: authorization, cookie", b"Connection: X-Watched", b"X-Forwarded-Port: 1",
    b"X_Forwarded-Prefix: /a", b"X_Forwarded_For: 1.2.3.4", b"X_User: root", b"x_watched: 3",
]  # fmt: skip
ODD_FIELDS = [
    # who is asked
    b"Host: other.example", b"host:", b"Host : shop.example", b"Host: a, b", b"Host: a b",
    b"Host: a/b", b"Host: u@h", b"Host: [::1", b"Host: h:99999", b"Host: \xff", b"Hos\x00t: h",
    b" Host: h",
    # how long the body is
    b"Content-Length: 0", b"Content-Length: 3", b"Content-Length: 5", b"content-length:5",
    b"Content-Length: +5", b"Content-Length: -1", b"Content-Length: 0x5", b"Content-Length: 5_0",
    b"Content-Length: 5, 5", b"Content-Length: 5,6", b"Content-Length: 5 5", b"Content-Length: 5;",
    b"Content-Length:", b"Content-Length: ", b"Content-Length: 05", b"Content-Length: 5.0",
    b"Content-Length: \x0b5", b"Content-Length: 5\x00", b"Content-Length: \xb2",
    b"Content-Length : 5", b"Content-Length\t: 5", b"Content_Length: 5",
    b"Content-Length: 99999999999999999999", b"Content-Length: 18446744073709551621",
    b"Content-Length: \t5\t", b" Content-Length: 5", b"Content-Length: 5\r\n 0",
    b"Content-Length\x00: 5", b"Content-Length: 1e1",
    # how it is coded
    b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked", b"Transfer-Encoding: \tchunked\t",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx",
    b"Transfer-Encoding: chunked;q=1", b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding:",
    b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x00",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b"Transfer_Encoding: chunked",
    b" Transfer-Encoding: chunked", b"X: y\r\n Transfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked",
    b"X:\x00Transfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked",
    b"Transfer-Encoding: chun\x00ked", b"\x00Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunke\xe4", b"Transfer-Encoding: \xa0chunked",
    b"Transfer-\xcbncoding: chunked", b"TE: chunked", b"Trailer: Transfer-Encoding",
    # who may lose what on the way
    b"Connection: close, Host", b"Connection: content-length", b"Connection: transfer-encoding",
    b"Connection: a b", b"Connection: ,", b'Connection: "close"', b"Connection: close;x",
    b"Connection:", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ",
    b"Connection: Upgrade, HTTP2-Settings", b"Expect: 200-maybe", b"Proxy-Connection: keep-alive",
    b"Via: 1.1 here", b"Max-Forwards: 0",
    # what is no field at all
    b"no colon", b": no name", b"", b" ", b"\t", b" folded", b"\tfolded", b"a b: c", b"a(: b",
    b'"a": b', b"a\x7f: b", b"\xc3\xbc: b", b"a: b\x00", b"a: \x07", b"a: b\rc", b"a: b\nc",
    b"a: b\r", b"\ra: b", b"GET /smuggled HTTP/1.1",
    b"a: b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x",
]  # fmt: skip
ODD_ENDS = [
    b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\r\n\r\n", b"\r\n ", b" \r\n", b"\x00\r\n", b"",
    b"\x0b\r\n",
]  # fmt: skip

CHUNKED_BODIES = [
    b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"1\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n",
    b'5;a;b=c;d="e f\\""\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n', b"0\r\nX-Sum: 1\r\nHost: x\r\n\r\n",
    b"005\r\nhello\r\n0;last\r\n\r\n", b"2\r\n\r\n\r\n0\r\n\r\n",
]  # fmt: skip
ODD_CHUNKED_BODIES = [
    b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n", b"5_\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\r\n0\n\n", b"5\r\nhell\r\n0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n", b"\r\n0\r\n\r\n",
    b"5;\r\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;a\r\rb\r\nhello\r\n0\r\n\r\n",
    b"5;\x00\r\nhello\r\n0\r\n\r\n", b'5;a="\r\nhello\r\n0\r\n\r\n', b"5 ;a\r\nhello\r\n0\r\n\r\n",
    b"5; a\r\nhello\r\n0\r\n\r\n", b"5;a=\r\nhello\r\n0\r\n\r\n", b"5\r\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\r\n\r\n", b"10000000000000000\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"0\r\na b: c\r\n\r\n", b"0\r\na : c\r\n\r\n",
    b"0\r\n a: c\r\n\r\n", b"0\r\na: b\r\n c\r\n\r\n", b"0\r\na: b\x00\r\n\r\n",
    b"0\r\na: b\nc: d\r\n\r\n", b"0\r\nno colon\r\n\r\n", b"0\r\n\n",
    b"0\r\nContent-Length: 5\r\n\r\n", b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"0\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", b"1;\xff\r\na\r\n0\r\n\r\n",
    b'5;a="\xff"\r\nhello\r\n0\r\n\r\n', b"1\r\na\r\n", b"5\r\nhel",
]  # fmt: skip
RAW_BODIES = [
    b"", b"hello", b"hello world", b"0\r\n\r\n", b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
]  # fmt: skip

# --- responses

STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 404 Not Found", b"HTTP/1.0 200 OK",
    b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 503 \xc3\xbc\tx",
    b"HTTP/1.1 100 Continue", b"HTTP/1.1 103 Early Hints", b"HTTP/1.1 599 Odd",
]  # fmt: skip
ODD_STATUS_LINES = [
    b"HTTP/1.1 200", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 +20 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 600 OK", b"HTTP/1.1 999 OK",
    b"HTTP/1.1 2x0 OK", b"HTTP/1.1 -20 OK", b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK",
    b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 200\tOK",
    b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\rK", b" HTTP/1.1 200 OK", b"", b"HTTP/1.1 200OK",
    b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 \xb2\xb2\xb2 OK", b"200 OK",
    b"HTTP/1.1 200 OK ", b"RTSP/1.0 200 OK", b"ICY 200 OK", b"HTTP/1.1 000 OK",
]  # fmt: skip

NASTY = [
    b"\r", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b";", b",", b"\x0b",
    b"\x0c", b"\x7f", b"\x80", b"\xff", b"0", b"5", b"+", b"-", b"_", b"0x", b"chunked",
    b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Host: x", b"HTTP/1.1",
    b"GET / HTTP/1.1\r\n", b"\r\n ", b"\r\n\t", b"0\r\n\r\n", b'"', b"\\", b"%", b"%00", b"/",
    b"..", b"@", b"#", b"?", b"\x1b", b"\xe2\x80\xa8",
]  # fmt: skip


# --- whole messages, to be mutated

REQUEST_SEEDS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost:a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost:a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / ",
    b"PUT /a?b HTTP/1.0\r\nHost:a\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    b'POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\n\r\n',
    b"POST / HTTP/1.1\r\nHost:a\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"GET http://a/b HTTP/1.1\r\nHost: c\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81",
    b"GET / HTTP/1.0\r\n\r\n",
]  # fmt: skip
RESPONSE_SEEDS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nDate: x\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
]  # fmt: skip
