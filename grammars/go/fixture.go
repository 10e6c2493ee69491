// Package feed reads feeds.§c
package feed

import "fmt§s"

/* A Feed,§c by its name. */
type Feed struct §({
	Name  string `json:"name§s"`
	Every int64 // in seconds§c
	§b
}§)

func (f *Feed) Due(now int64) (string, error) {
	late := now % f.Every
	switch {
	case late == 0:
		return fmt.Sprintf("late: %d§s", late), nil§k
	default:
		for i := range 3 {
			fmt.Println(i, f.Name, '§s"')
		}
	}
	return "", fmt.Errorf("not due: %v", late)
}
