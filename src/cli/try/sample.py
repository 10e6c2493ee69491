"""A small library desk: members borrow books, bring them back, and pay when they are late."""

from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass
class Book:
    number: int
    title: str
    author: str
    loaned_to: int | None = None
    due: date | None = None


@dataclass
class Member:
    number: int
    name: str
    owes: int = 0
    loans: list[int] = field(default_factory=list)


class DeskError(Exception):
    """Something that the person at the desk has to be told."""


class Desk:
    LOAN_DAYS = 21
    MAX_LOANS = 5
    CENTS_A_DAY = 10

    def __init__(self):
        self.books: dict[int, Book] = {}
        self.members: dict[int, Member] = {}

    def add_book(self, number, title, author):
        if number in self.books:
            raise DeskError(f"book {number} is there already")
        book = Book(number, title, author)
        self.books[number] = book
        return book

    def add_member(self, number, name):
        if number in self.members:
            raise DeskError(f"member {number} is there already")
        member = Member(number, name)
        self.members[number] = member
        return member

    def find_book(self, number):
        book = self.books.get(number)
        if book is None:
            raise DeskError(f"there is no book {number}")
        return book

    def find_member(self, number):
        member = self.members.get(number)
        if member is None:
            raise DeskError(f"there is no member {number}")
        return member

    def loan(self, book_number, member_number, today):
        book = self.find_book(book_number)
        member = self.find_member(member_number)
        if book.loaned_to is not None:
            raise DeskError(f"book {book_number} is loaned to member {book.loaned_to}")
        if len(member.loans) >= self.MAX_LOANS:
            raise DeskError(f"member {member_number} has {len(member.loans)} loans")
        book.loaned_to = member.number
        book.due = today + timedelta(days=self.LOAN_DAYS)
        member.loans.append(book.number)
        return book.due

    def bring_back(self, book_number, today):
        book = self.find_book(book_number)
        if book.loaned_to is None:
            raise DeskError(f"book {book_number} is not loaned")
        member = self.find_member(book.loaned_to)
        member.owes += self.fee(book, today)
        member.loans.remove(book.number)
        book.loaned_to = None
        book.due = None
        return member.owes

    def renew(self, book_number, today):
        book = self.find_book(book_number)
        if book.loaned_to is None:
            raise DeskError(f"book {book_number} is not loaned")
        member = self.find_member(book.loaned_to)
        member.owes += self.fee(book, today)
        book.due = today + timedelta(days=self.LOAN_DAYS)
        return book.due

    def pay(self, member_number, cents):
        member = self.find_member(member_number)
        if cents > member.owes:
            raise DeskError(f"member {member_number} owes {member.owes} cents")
        member.owes -= cents
        return member.owes

    def fee(self, book, today):
        if book.due is None or today <= book.due:
            return 0
        return (today - book.due).days * self.CENTS_A_DAY

    def late_books(self, today):
        books = [book for book in self.books.values() if book.due is not None and book.due < today]
        return sorted(books, key=lambda book: book.due)

    def late_members(self, today):
        numbers = {book.loaned_to for book in self.late_books(today)}
        members = [member for member in self.members.values() if member.number in numbers]
        return sorted(members, key=lambda member: member.name)

    def books_by_author(self, author):
        books = [book for book in self.books.values() if book.author == author]
        return sorted(books, key=lambda book: book.title)

    def books_by_title(self, title):
        books = [book for book in self.books.values() if title.lower() in book.title.lower()]
        return sorted(books, key=lambda book: book.title)
