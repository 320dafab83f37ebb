// Posts each of url, content type, query code, body; as a Go program does that sets nothing else.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	for given := os.Args[1:]; len(given) > 0; given = given[4:] {
		request, err := http.NewRequest(http.MethodPost, given[0], strings.NewReader(given[3]))
		if err != nil {
			panic(err)
		}
		request.Header.Set("Content-Type", given[1])
		request.Header.Set("Query-Code", given[2])
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode)
	}
}
