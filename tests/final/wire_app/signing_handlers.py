"""signing_handlers.cc on Python's Tornado."""

import tornado.options
import tornado.web


class Handler(tornado.web.RequestHandler):
    def has(self, name):
        return bool(self.get_argument(name, ""))


class CookiesHandler(Handler):
    def get(self):
        self.write({"cookies": {name: self.cookies[name].value for name in sorted(self.cookies)}})


class SetCookieHandler(Handler):
    def get(self):
        options = {name: self.get_argument(name, "", strip=False) for name in ("domain", "samesite")}
        options["path"] = self.get_argument("path", "/", strip=False)
        for name in ("expires", "max_age"):
            if self.has(name):
                options[name] = int(float(self.get_argument(name)))
        options.update(httponly=self.has("httponly"), secure=self.has("secure"))
        for value in self.get_arguments("value", strip=False):
            self.set_cookie(self.get_argument("name", "c", strip=False), value, **options)
            self.set_cookie("last", "1")
        if self.has("error"):
            raise tornado.web.HTTPError(400)


class ClearCookieHandler(Handler):
    def get(self):
        if self.has("name"):
            self.clear_cookie(self.get_argument("name"), path=self.get_argument("path", "/"))
        else:
            self.clear_all_cookies()


class SignedHandler(Handler):
    def get(self):
        value = self.get_secure_cookie("user")
        self.write("None" if value is None else b"[" + value + b"]")


class SetSignedHandler(Handler):
    def get(self):
        version = int(self.get_argument("version", "2"))
        self.set_secure_cookie("user", self.get_argument("value", strip=False), expires_days=None, version=version)


class XsrfHandler(Handler):
    def get(self):
        self.write(self.xsrf_form_html())

    def head(self):
        pass

    options = head

    def post(self):
        self.write("accepted")

    put = patch = delete = post


class PrivateHandler(Handler):
    def get_current_user(self):
        return self.get_secure_cookie("user")

    def get_login_url(self):
        return self.get_argument("login", super().get_login_url())

    @tornado.web.authenticated
    def get(self):
        self.write(self.current_user)

    @tornado.web.authenticated
    def head(self):
        pass

    post = get


ROUTES = [
    ("/cookies", CookiesHandler),
    ("/cookies/set", SetCookieHandler),
    ("/cookies/clear", ClearCookieHandler),
    ("/signed", SignedHandler),
    ("/signed/set", SetSignedHandler),
    ("/xsrf", XsrfHandler),
    ("/private", PrivateHandler),
]


def define_options():
    tornado.options.define("cookie_secret", "secret")
    tornado.options.define("key_version", 0)
    tornado.options.define("xsrf_cookies", False)
    tornado.options.define("xsrf_cookie_version", 2)
    tornado.options.define("login_url", "/login")


def settings():
    options = tornado.options.options
    chosen = {name: options[name] for name in ("cookie_secret", "xsrf_cookies", "xsrf_cookie_version", "login_url")}
    if options.key_version:
        chosen["cookie_secret"] = {options.key_version: options.cookie_secret, options.key_version + 1: "another"}
        chosen["key_version"] = options.key_version
    return chosen
