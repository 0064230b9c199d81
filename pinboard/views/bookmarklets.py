"""The button for a browser's bar: it sends the page that is open to the composer."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

# What it reads of a page: address, title, chosen words, the largest picture on screen.
SCRIPT = (
    "javascript:(()=>{const s=i=>i.naturalWidth*i.naturalHeight,"
    "m=[...document.images].filter(i=>i.naturalWidth>199&&i.naturalHeight>199)"
    ".sort((a,b)=>s(b)-s(a))[0],"
    "q=new URLSearchParams({via:1,url:location.href,title:document.title.slice(0,200),"
    "description:String(getSelection()).slice(0,1000),"
    "picture:m?(m.currentSrc||m.src).slice(0,2000):''});"
    "open('%s?'+q,'_blank','width=760,height=860')})()"
)


@login_required
@require_safe
def bookmarklet(request: HttpRequest) -> HttpResponse:
    script = SCRIPT % (settings.SITE_URL + reverse("pinboard:pin-create"))
    return render(request, "pinboard/bookmarklet.html", {"script": script})
