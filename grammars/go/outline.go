// Package feed reads feeds.
package feed

import "fmt"

import (
	"net/http"
	yaml "gopkg.in/yaml.v3"
	_ "embed"
	"example.org/clock/v2"
)

// Every is in seconds.
const Every = 60

const (
	Idle State = iota
	Busy
)

var ErrLate = errors.New("late")

type State int

// Feed is a feed, by its name.
type Feed struct {
	Name   string // unique
	client *http.Client
	last   []Entry
}

type (
	Reader[T any] interface {
		// Read reads one.
		Read(limit int) (T, error)
	}
	Names = map[string]*Feed
)

func New(name string, client *http.Client) *Feed {
	entry := &Entry{Title: name}
	parser := yaml.NewParser(client)
	var clock clock.Clock
	return &Feed{Name: name}
}

// Due says whether it is time.
func (f *Feed) Due(now, last time.Time) (late bool, err error) {
	state := State{}
	return false, nil
}

func (s Stack[T]) Push(items ...T) {}
