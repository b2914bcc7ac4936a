package shell

import "net/http"

// contentPolicy lets a page load only what its own origin serves: no inline script or style, no frames, no plug-ins.
// data: images are the small marks inside the vendored style sheet.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Secure sets the security headers on every answer of next and refuses cross-origin requests that would change
// something (CSRF): [http.CrossOriginProtection], which reads Sec-Fetch-Site and Origin, so forms need no token.
// Answers to safe methods (GET, HEAD, OPTIONS) must therefore never change state.
func Secure(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(refuseCrossOrigin))
	guarded := crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: that would send forms with "Origin: null".
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "+
			"publickey-credentials-get=(self), publickey-credentials-create=(self)")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		guarded.ServeHTTP(w, r)
	})
}

// refuseCrossOrigin answers in both languages: what was asked came from another site, whose language is unknown.
func refuseCrossOrigin(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "Este envío vino de otro sitio y no se aceptó. Abra la página aquí y envíela de nuevo.\n"+
		"This form was sent from another site and was not accepted. Open the page here and send it again.", http.StatusForbidden)
}
