package shell

import (
	"net/http"
	"strings"
)

// themeCookie holds the reader's choice of theme; without it the page follows the device.
const themeCookie = "theme"

// themeOf returns "light", "dark", or "" to follow the device.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// SetTheme keeps the choice of the form in the header and returns to the page it came from, so the switch works without
// JavaScript. Mount it at "POST /theme".
func SetTheme() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
		// Not HttpOnly: the script that switches without a reload writes the same cookie.
		c := &http.Cookie{Name: themeCookie, Path: "/", SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil, MaxAge: 365 * 24 * 3600}
		switch theme := r.PostFormValue("theme"); theme {
		case "light", "dark":
			c.Value = theme
		default:
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
		http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
	})
}

// localPath keeps a redirect on this site: a path, never another host ("//evil", "/\evil") or scheme.
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || len(s) > 1 && (s[1] == '/' || s[1] == '\\') || strings.ContainsAny(s, "\r\n\t\\") {
		return "/"
	}
	return s
}
