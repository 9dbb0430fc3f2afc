"""Django in one file: a hello page, a form, a stream and an error."""

import django.conf
import django.core.wsgi
import django.http
import django.urls

django.conf.settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="a test",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"])


def hello(request):
    return django.http.HttpResponse("Hello from Django")


def form(request):
    upload = request.FILES.get("upload")
    return django.http.JsonResponse({"name": request.POST["name"], "upload": upload and upload.size})


def stream(request):
    return django.http.StreamingHttpResponse((f"{i}\n" for i in range(3)), content_type="text/plain")


def broken(request):
    raise ValueError("a view is broken")


urlpatterns = [
    django.urls.path("", hello),
    django.urls.path("form", form),
    django.urls.path("stream", stream),
    django.urls.path("broken", broken),
]
application = django.core.wsgi.get_wsgi_application()
