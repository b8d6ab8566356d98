# defect: A07
# The guide's fourth mistake: the form is guarded, and the API that the page's script could use is not.
import json

from right import create, human, page, project, read
from django.views.decorators.csrf import csrf_exempt
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request, "<script>const api = '/api/submit'; // for the mobile app</script>")
    data = read(request)
    human(data)
    return create(data)


@csrf_exempt
def api(request):
    return create(json.loads(request.body))


application = project(path("signup", signup), path("api/submit", api))
