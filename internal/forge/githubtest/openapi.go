package githubtest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

//go:embed testdata/openapi.json
var described []byte

// description is GitHub's own, loaded once for all servers.
type description struct {
	doc    *openapi3.T
	router routers.Router
}

var loadDescription = sync.OnceValues(func() (*description, error) {
	doc, err := openapi3.NewLoader().LoadFromData(described)
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &description{doc: doc, router: router}, nil
})

// webhook returns the schema of a webhook's payload, or nil.
func (d *description) webhook(name string) *openapi3.SchemaRef {
	return d.doc.Components.Schemas["webhook-"+name]
}

// exchange is a request that the description knows, and its place there.
type exchange struct {
	input *openapi3filter.RequestValidationInput
}

// find returns the operation of a request whose path begins at the root of the
// API.
func (d *description) find(r *http.Request) (*exchange, error) {
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return &exchange{&openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			SkipSettingDefaults:               true,
			IncludeResponseStatus:             true,
			RejectWhenRequestBodyNotSpecified: true,
		},
	}}, nil
}

// operation is GitHub's name of what was asked: pulls/create.
func (e *exchange) operation() string { return e.input.Route.Operation.OperationID }

// request says what is wrong with the request. Parameters that the description
// does not know are wrong too.
func (e *exchange) request(ctx context.Context, body []byte) error {
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		body = nil // as ghinstallation sends it, and GitHub takes it
	}
	e.input.Request.Body, e.input.Request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) > 0 && e.input.Request.Header.Get("Content-Type") == "" {
		return fmt.Errorf("the body has no Content-Type")
	}
	for name := range e.input.Request.URL.Query() {
		if e.input.Route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("there is no parameter %q", name)
		}
	}
	return openapi3filter.ValidateRequest(ctx, e.input)
}

// answers gives the schema of an answer with this status, or nil.
func (e *exchange) answers(status int) *openapi3.SchemaRef {
	response := e.input.Route.Operation.Responses.Status(status)
	if response == nil || response.Value == nil {
		return nil
	}
	media := response.Value.Content.Get("application/json")
	if media == nil {
		return nil
	}
	return media.Schema
}

// anywhere are answers that GitHub gives to every operation, which the
// description lists for some only: errors, and the moves of repositories.
func anywhere(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// response says what is wrong with an answer.
func (e *exchange) response(ctx context.Context, status int, header http.Header, body []byte) error {
	if e.input.Route.Operation.Responses.Status(status) == nil && anywhere(status) {
		return nil
	}
	if status == http.StatusNoContent && len(body) > 0 {
		return fmt.Errorf("204 with a body")
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: e.input, Status: status, Header: header, Options: e.input.Options,
		Body: io.NopCloser(bytes.NewReader(body)),
	})
}

// brief is the first line of an error of the validator, which prints whole
// schemas.
func brief(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return strings.TrimSpace(text)
}
