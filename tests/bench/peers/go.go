// Hello world on Go's net/http, one thread for its goroutines: go PORT
package main

import (
	"io"
	"net/http"
	"os"
	"runtime"
)

func main() {
	runtime.GOMAXPROCS(1)
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		io.WriteString(response, "Hello, world")
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
