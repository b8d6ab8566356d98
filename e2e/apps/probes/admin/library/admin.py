from django.contrib import admin

from .models import Author, Book, Chapter


class Chapters(admin.TabularInline):
    model = Chapter
    extra = 0


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    inlines = [Chapters]
    list_display = ["id", "title"]
    list_editable = ["title"]
    filter_horizontal = ["authors"]


admin.site.register(Author)
