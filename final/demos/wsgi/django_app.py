"""A Django site in one file: it shows what it is told of the request."""

import django.conf
import django.core.wsgi
import django.http
import django.urls
import django.utils.html

django.conf.settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="for this demo only",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"])


def show(request):
    rows = sorted((name, str(value)) for name, value in request.META.items())
    table = django.utils.html.format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", rows)
    return django.http.HttpResponse(django.utils.html.format_html(
        "<!doctype html><title>The request</title><h1>{} {}</h1><table>{}</table>",
        request.method, request.path, table))


urlpatterns = [django.urls.re_path("", show)]
application = django.core.wsgi.get_wsgi_application()
